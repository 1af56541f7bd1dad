from fastgrid.cli.run_tests import main

raise SystemExit(main())
