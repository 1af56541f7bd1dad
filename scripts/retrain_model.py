from fastgrid.cli.retrain_model import main

raise SystemExit(main())
