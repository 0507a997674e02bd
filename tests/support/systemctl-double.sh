#!/bin/sh
# Answers as systemctl 252 did where it was asked: properties as lines in an order of its own, exit code 0 also for a unit
# that is not there, 5 and 1 for restarts that are refused or fail. A unit is a file of properties in `units` beside it.
here=$(dirname "$0")
{ echo "--"; for argument in "$@"; do echo "$argument"; done; } >> "$here/calls"
env > "$here/environment"
show() {
  if [ -f "$here/units/$1" ]; then cat "$here/units/$1"; return; fi
  printf 'MainPID=0\nResult=success\nNRestarts=0\nId=%s\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nInvocationID=\n' "$1"
}
if [ "$1" = show ] && [ "$3" = -- ] && [ $# = 4 ]; then
  if [ -f "$here/no-bus" ]; then
    echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2
    echo "Failed to connect to bus: Host is down" >&2
    exit 1
  fi
  show "$4"
elif [ "$1" = --no-ask-password ] && [ "$2" = restart ] && [ "$3" = -- ] && [ $# = 4 ]; then
  echo "$4" >> "$here/restarts"
  if [ -f "$here/hangs" ]; then exec sleep 60; fi
  if [ ! -f "$here/units/$4" ]; then echo "Failed to restart $4: Unit $4 not found." >&2; exit 5; fi
  if [ -f "$here/fails" ]; then
    echo "Job for $4 failed because the control process exited with error code." >&2
    exit 1
  fi
  count=$(wc -l < "$here/restarts")
  state=active; sub=running; result=success; pid=$((4000 + count))
  if [ -f "$here/ends-at-once" ]; then state=failed; sub=failed; result=exit-code; pid=0; fi
  printf 'MainPID=%d\nResult=%s\nNRestarts=0\nId=%s\nLoadState=loaded\nActiveState=%s\nSubState=%s\nInvocationID=%032x\n' \
    "$pid" "$result" "$4" "$state" "$sub" "$count" > "$here/units/$4"
else
  echo "Unknown command verb." >&2
  exit 1
fi
