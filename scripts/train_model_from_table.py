from fastgrid.cli.train_model_from_table import main

raise SystemExit(main())
