from fastgrid.cli.train_model_from_sigs import main

raise SystemExit(main())
