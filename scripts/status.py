from fastgrid.cli.status import main

raise SystemExit(main())
