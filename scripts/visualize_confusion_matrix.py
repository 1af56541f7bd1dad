from fastgrid.cli.visualize_confusion_matrix import main

raise SystemExit(main())
