#!/bin/sh
# Starts the mediasoup worker that MEDIASOUP_WORKER_BIN names so that it is killed with the media server that starts it. When that one is killed,
# the worker would notice the end of its pipe and say goodbye to every client (DTLS close_notify), which may arrive before the end of their
# signalling: LiveKit's native SDK that is just sending data then waits 15 s before it comes back (docs/cluster.md). prctl(2), PR_SET_PDEATHSIG.
if setpriv --pdeathsig KILL -- true 2>/dev/null; then
  exec setpriv --pdeathsig KILL -- "$MEDIASOUP_WORKER_BIN" "$@"
fi
exec "$MEDIASOUP_WORKER_BIN" "$@"
