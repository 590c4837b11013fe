#include "ticker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PERIOD 5000000L
#define SECOND 1000000000L

static long since(struct timespec from) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - from.tv_sec) * SECOND + now.tv_nsec - from.tv_nsec;
}

int ticker(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  long worst = 0;
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  for (;;) {
    due.tv_nsec += PERIOD;
    if (due.tv_nsec >= SECOND) due.tv_nsec -= SECOND, due.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    long late = since(due);
    if (late > worst) worst = late;
    // Each standstill counts once: what was missed is not made up for.
    if (late > PERIOD) clock_gettime(CLOCK_MONOTONIC, &due);
    char asked[64];
    ssize_t length = read(STDIN_FILENO, asked, sizeof asked);
    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) return 0;
    for (ssize_t i = 0; i < length; i++)
      if (asked[i] == '\n') printf("{\"lateMs\":%.1f}\n", worst / 1e6), worst = 0;
  }
}
