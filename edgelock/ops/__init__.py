"""What a person touches: command line, settings, the run itself, control, views, checks.

command_line                commands and options; every mistake is one line
settings*                   file, .env, environment, command line → one frozen Settings
trade_command → assembly → trading_system → run_loop
                            one run: options, everything built in order, all actors, signals and the way down
embedded_process  venue     the embedded exchange as a child; the venue a run talks to
market_selection  roster    which markets are traded, while the run goes on
control_*  status           kill, resume, stop, restart, status over a Unix socket
live_view*                  the table on a terminal
check, core_checks, site_checks, startup_block
                            pre-flight, by the code that trades
audit*                      the rules re-derived from a log alone, with arithmetic of its own
foreground                  what `make run` needs of a terminal
"""
