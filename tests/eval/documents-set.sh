#!/usr/bin/env bash
# Makes the set of PDF files of tests/eval/documents.ts from Debian's documentation packages (apt, dpkg).
# Usage: bash tests/eval/documents-set.sh DIR
set -euo pipefail
target=$(realpath -m "${1:?usage: documents-set.sh DIR}")
packages=(installation-guide-amd64 r-doc-pdf graphviz-doc debmake-doc bash-doc maint-guide debian-reference-en
  gnuplot-doc cvs scheme48-doc freefem-doc asymptote-doc)
# Larger files say nothing more.
largest=3000000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$target"
cd "$work"
for package in "${packages[@]}"; do
  apt-get download -q "$package"
  dpkg-deb -x "$package"_*.deb "$package"
  find "$package" -type f -name '*.pdf.gz' -exec gunzip {} +
  find "$package" -type f -name '*.pdf' -size -"$largest"c | while read -r file; do
    cp "$file" "$target/$(echo "$file" | tr / _ | sed 's/_usr_share_doc//')"
  done
done
ls "$target" | wc -l
