// How late a process is that has nothing to do but be on time: what the machine itself costs others beside it.
#ifndef TICKER_H
#define TICKER_H

// Wakes up every 5 ms. For each line on standard input it prints {"lateMs":12.3}, the worst since the line before, and ends with
// the input. Its priority is the one it was given.
int ticker(void);

#endif
