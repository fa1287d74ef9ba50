"""What every test may rely on, however the suite was started."""

import signal

# A shell starts what it runs in the background with Ctrl-C ignored, and so would be every program that a test starts
# and then interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
