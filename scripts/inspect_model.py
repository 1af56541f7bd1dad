from fastgrid.cli.inspect import main

raise SystemExit(main())
