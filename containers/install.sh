#!/bin/sh
# The one recipe of every environment's image: `matterzoo build` runs it in a container of the base, as root, without
# network, and commits once what the container has gained by it. At /mnt, read-only, lie
#   wheels/             one wheel a pin, and uv's own
#   requirements.txt    the lock, with the hash of exactly these wheels
#   install.sh          this file
# They are mounted: copied into a layer they would have to be kept out of the image by a second one, and everything that
# is installed be written twice. An environment with a special need brings an install.sh of its own in its folder.

set -eu
place=/opt/matterzoo
export TMPDIR="$place/installing"
# Bytecode is compiled here, because the root is read-only at run time, and is not tied to file dates, because an image
# built twice should be the same.
export PYC_INVALIDATION_MODE=UNCHECKED_HASH UV_NO_CACHE=1 UV_NO_CONFIG=1 UV_OFFLINE=1 UV_NO_PROGRESS=1

mkdir -p "$TMPDIR"
python3 -B -m zipfile --extract /mnt/wheels/uv-*.whl "$TMPDIR"
uv=$(echo "$TMPDIR"/uv-*.data/scripts/uv)
chmod +x "$uv"
"$uv" venv --no-project --python "$(command -v python3)" "$place/env"
"$uv" pip install --python "$place/env/bin/python" --requirements /mnt/requirements.txt \
    --require-hashes --no-deps --no-index --find-links /mnt/wheels --compile-bytecode
rm -r "$TMPDIR"
