from fastgrid.cli.get_classification_results import main

raise SystemExit(main())
