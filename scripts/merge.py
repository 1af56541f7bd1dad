from fastgrid.cli.merge import main

raise SystemExit(main())
