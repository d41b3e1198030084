"""The program's start: ``python -m tray_app`` is ``runanalyze-tray``."""

STATUS_INTERRUPTED = 130


def main() -> int:
    """Run the program; the exit status. Ctrl-C while it is still loading ends it without a word."""
    try:
        from tray_app.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        return STATUS_INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
