from fastgrid.cli.extract import main

raise SystemExit(main())
