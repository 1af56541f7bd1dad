from fastgrid.cli.json_to_sig import main

raise SystemExit(main())
