from fastgrid.cli.generate_params_report import main

raise SystemExit(main())
