from fastgrid.cli.errors import main

raise SystemExit(main())
