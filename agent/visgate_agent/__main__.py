"""`python -m visgate_agent` is the `visgate` command."""

from visgate_agent.cli import main

if __name__ == "__main__":
    main()
