from fastgrid.cli.predict import main

raise SystemExit(main())
