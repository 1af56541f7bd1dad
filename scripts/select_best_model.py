from fastgrid.cli.select_best_model import main

raise SystemExit(main())
