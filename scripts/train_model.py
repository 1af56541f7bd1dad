from fastgrid.cli.train_model import main

raise SystemExit(main())
