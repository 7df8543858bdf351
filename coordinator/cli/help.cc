#include <string_view>

#include "coordinator/cli/cli.h"

namespace thumbmill {

std::string_view HelpText() {
  return
      R"(coordinator: makes thumbnails of many images, in sandboxed worker processes

usage: coordinator [run] -i SRC -o DST -s SIZE [flags]
       coordinator compare -i SRC -s SIZE [flags]     (see compare --help)

  coordinator --workers 4 -i urls.txt -o out -s 200x,64x,32x
  coordinator -i photos/ -o http://127.0.0.1:8080/up/ --state st -s 200

The same command again continues where it stopped: what is done is not done
again. Hyphens and underscores in flag names are the same.

What and where
  -i, --input SRC          repeatable, or positional: a list (one URL or path a
                           line; .txt .csv .tsv .jsonl, each also .gz; - is
                           stdin; its relative paths are of the current folder),
                           a directory, one http(s) URL, one image
      --input-format F     of lists: txt, csv, tsv, jsonl (default: by suffix)
      --url-col NAME       the column or key of a table (default: url)
      --include GLOB       of a directory, only what matches (repeatable)
      --exclude GLOB       of a directory, not what matches (repeatable)
  -o, --output DST         a directory, http(s)://host/path/ (each thumbnail is
                           PUT there), or null: (for measuring; keeps nothing)
      --name TEMPLATE      {index} {host} {dir} {stem} {srcext} {ext} {w} {h}
                           {size} {hash}; default: {dir}/{stem}_{size}.{ext},
                           for URLs {host}/{dir}/{stem}_{size}.{ext}
      --state DIR          journal and report (default: <output>/.thumbmill;
                           required for http targets)
      --report FILE        (default: <state>/report.json)

Sizes and pictures
  -s, --size SPEC          repeatable, or a comma list: 200 (box), 200x100 (box),
                           200x (width), x200 (height); suffix ! exact,
                           ^ fill and crop the middle, < only enlarge,
                           > only shrink
      --preset NAME        course (32x,64x,200x --enlarge, {stem}_{w}.{ext}),
                           slides-200 (200x200,50x50,32x32),
                           slides-96 (96x96,48x48), slides-165 (165x165,32x32)
      --fit FIT            inside, outside, cover, contain, fill (default:
                           inside)
      --enlarge            smaller sources are enlarged too
      --format F           same, jpg, png, webp (default: same)
      --quality Q          80, or jpg=80,webp=80 (the default); JPEG has 4:2:0
                           below 90, 4:4:4 from 90 on
      --filter F           lanczos3, mitchell, cubic, linear, box, nearest
      --linear             resize in linear light (default: in sRGB, as most do)
      --background COLOUR  where alpha must go (default: white)
      --no-rotate          leave the EXIF orientation alone
      --keep WHAT          none, all, or some of icc,exif,copyright; without
                           icc colours become sRGB (default: none)

Fetching
      --downloads N        at once (default: 64)
      --per-host N         at once from one host of a list (default: 6)
      --connect-timeout T  (default: 5s; durations: 10, 10s, 500ms, 5m)
      --first-byte-timeout T  (default: 15s)
      --min-speed B[/T]    bytes a second, over a time (default: 10K/15s)
      --timeout T          of one try (default: 5m)
      --retries N          more tries after transient errors (default: 3; a
                           body that is too slow has one more)
      --retry-delay T      before the first of them, then doubled, with jitter
                           (default: 500ms); Retry-After is honoured
      --max-bytes B        of one image (default: 100M; K, M, G: powers of 1024)
      --user-agent TEXT    (default: thumbmill/VERSION with a contact)
      --header 'K: V'      sent with each request for a source (repeatable), but
                           never to another origin after a redirect
      --header-file FILE   such headers, one a line, which no process list shows
      --allow-loopback     list URLs may lead to this machine
      --allow-private-network  list URLs may lead to private addresses

Limits and placement
  -j, --workers N          worker processes (default: 0, all usable cores)
      --backend B          processes, threads, serial (default: processes)
      --sandbox MODE       off, auto, require: what a worker may not do once it
                           has its recipe (default: auto)
      --memory B           bound for the whole run, all processes, or a share
                           such as 50% (default: 75%)
      --max-pixels N       of one image (default: 268402689)
      --max-scans N        of a progressive JPEG (default: 100)
      --max-output-pixels N  of all sizes of one image (default: 64M)
      --fail-on LEVEL      none, truncated, error, warning (default: error)
      --task-timeout T     of one image in a worker (default: 30s)
      --attempts N         workers that one image may cost (default: 3)
      --keep-poison DIR    copies there of inputs that crashed, hung or ran out
                           of memory, for a bug report
      --crash-probe        an image that carries the probe crashes its decoder:
                           for compare and for tests
      --max-failures N|P%  stop early, resumable; P% counts after 1,000 items

Storing and resuming
      --uploads N          at once (default: 32)
      --upload-timeout T   of one try (default: 60s)
      --put-header 'K: V'  sent with each PUT to an http target (repeatable)
      --fsync WHEN         never, batch, each: safety against power loss
                           (default: batch)
      --retry-failed       also what failed for good before
      --revalidate         make URLs again; changed files are made again anyway
      --overwrite          forget what was done; the recipe may differ
      --dry-run            print the names that would be written, do nothing
      --trust-journal      do not look whether outputs of a directory are still
                           there; else what is missing or of another size is
                           made again

What one sees
  -P, --progress MODE      auto (tty on a terminal that is not dumb, else
                           plain), tty (a block, redrawn), plain (lines), none;
                           colour unless NO_COLOR is set (default: auto)
      --stats T            between plain lines (default: 10s)
  -v, --verbose            each failure as it happens; -vv: more
  -q, --quiet              errors only, no progress, no summary
      --log-file FILE      (default: stderr)
      --log-format F       text, json (default: text)
  -h, --help
      --version
  kill -USR2 PID           logs what each worker is at, what is fetched, stored

Exit codes
  0 all done or skipped   1 usage or configuration, nothing started
  2 some items failed, now or before   3 stopped by a limit, resumable
  4 fatal (target unwritable, disk full), resumable
  130, 143 after a clean stop by SIGINT, SIGTERM (a second one stops at once)

img2dataset's names are understood: --url_list, --output_folder,
--processes_count, --thread_count, --encode_quality, --encode_format,
--image_size together with --resize_mode (border, keep_ratio, center_crop).
)";
}

}  // namespace thumbmill
