from fastgrid.cli.generate_classification_project import main

raise SystemExit(main())
