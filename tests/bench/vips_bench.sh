#!/bin/sh
# A peer that scripts/bench measures against: vipsthumbnail, from disk to disk.
# One call makes one size, so each group of a few files gets one call for each
# size, with one thread; PARALLEL calls run at once.
#
#   vips_bench.sh OUT PARALLEL WIDTH,WIDTH,... FILE...
set -eu
OUT=$1 PARALLEL=$2 WIDTHS=$(echo "$3" | tr , ' ')
shift 3
export OUT WIDTHS VIPS_CONCURRENCY=1
printf '%s\0' "$@" | xargs -0 -n 8 -P "$PARALLEL" sh -c '
  case $1 in
    *.png) format=.png ;;
    *.webp) format=".webp[Q=80,strip]" ;;
    *) format=".jpg[Q=80,optimize_coding,strip]" ;;
  esac
  for width in $WIDTHS; do
    vipsthumbnail --size "${width}x>" -o "$OUT/%s_$width$format" "$@" || exit
  done' vipsthumbnail
