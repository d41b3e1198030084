"""``python -m tray_app`` is ``runanalyze-tray``."""

from tray_app.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
