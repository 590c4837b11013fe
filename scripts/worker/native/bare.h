#pragma once
// `rtc-clients bare <receivers> <bytes> <rounds>`: what a forwarded packet costs at the very least. Prints {"nanoseconds":…}, the median of the
// rounds, and ends. Returns the exit status.
int bare(int receivers, int bytes, int rounds);
