from fastgrid.cli.convert import main

raise SystemExit(main())
