#!/bin/sh
# Make .venv what the lock says; do nothing when it already is.
#
#   sh .ci/environment.sh run       what reports need (requirements.lock)
#   sh .ci/environment.sh test      that and what the tests need (tests/requirements.lock)
#   sh .ci/environment.sh wheels    fill the folder WHEELS (default: wheels) for a set-up without network
#   sh .ci/environment.sh python    print the Python that a set-up would use
#
# From the environment (the Makefile passes them on):
#   PYTHON   the Python to use; empty: the newest one on PATH that fits
#   UV       the uv to use; empty: pip, with the whole of pip's own configuration
#   WHEELS   a folder of wheels to install from, without any network
#
# POSIX sh, because a bare macOS or Debian machine has nothing more. A file in .venv (the stamp) says what the
# environment was made from; it is written last, so that whatever is interrupted is made again from the start.
set -eu
cd "$(dirname "$0")/.."

PYTHON=${PYTHON-} UV=${UV-uv} WHEELS=${WHEELS-}
run_lock=requirements.lock test_lock=tests/requirements.lock
venv_python=.venv/bin/python

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Prints "yes 3.12 CPython-3.12.1 /the/base/python". Also runs under Python 2. The base interpreter, not an activated
# environment's: that environment may be the very one about to be replaced.
probe='
import platform, sys
fits = (3, 11) <= sys.version_info[:2] <= (3, 13) and platform.python_implementation() == "CPython"
base = getattr(sys, "_base_executable", "") or sys.executable
version = "%d.%d" % tuple(sys.version_info[:2])
full = "%s-%s.%d" % (platform.python_implementation(), version, sys.version_info[2])
print("%s %s %s %s" % (fits and "yes" or "no", version, full, base))'

# A command on PATH may still not run (a pyenv shim of a version that is not switched on), hence: ask it.
ask_python() {
    "$1" -c "$probe" 2>/dev/null </dev/null
}

find_uv() {
    uv=
    if [ -n "$UV" ] && "$UV" --version >/dev/null 2>&1; then uv=$UV; fi
}

# consider NAME: sets python and python_version and succeeds when it fits; otherwise notes why not.
consider() {
    answer=$(ask_python "$1") || return 1
    version=${answer#* }
    rest=${version#* }
    version=${version%% *}
    if [ "${answer%% *}" = no ]; then
        refused="$refused
  $1 is ${rest%% *}"
        return 1
    fi
    if [ -z "$uv" ] && ! "${rest#* }" -c 'import ensurepip, venv' 2>/dev/null; then
        refused="$refused
  $1 is ${rest%% *} without the venv module (Debian, Ubuntu: apt install python$version-venv)"
        return 1
    fi
    python=${rest#* } python_version=$version
}

# Sets python (its path) and python_version ("3.12"), or ends with one message.
find_python() {
    python='' refused=''
    if [ -n "$PYTHON" ]; then
        if consider "$PYTHON"; then return; fi
        [ -n "$refused" ] || refused="
  PYTHON=$PYTHON does not run"
    else
        # A folder of wheels fits the version that it was filled with.
        for name in $(cat "$WHEELS/made-for" 2>/dev/null) python3.13 python3.12 python3.11 python3 python; do
            if consider "$name"; then return; fi
        done
        # uv keeps its own Pythons off PATH.
        if [ -n "$uv" ] && name=$("$uv" python find --system --no-python-downloads '>=3.11,<3.14' 2>/dev/null); then
            if consider "$name"; then return; fi
        fi
    fi
    fail "The workbench needs Python 3.11, 3.12 or 3.13.${refused:+ Found instead:$refused}
Install one of them, or name the one to use: make report PYTHON=/path/to/python3.12"
}

# uv and pip name the package index differently; either name serves both.
share_index() {
    index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-}}}
    [ -n "$index" ] || return 0
    UV_DEFAULT_INDEX=$index PIP_INDEX_URL=${PIP_INDEX_URL:-$index}
    export UV_DEFAULT_INDEX PIP_INDEX_URL
}

install() {
    if [ -n "$WHEELS" ]; then set -- --no-index --find-links "$WHEELS" "$@"; fi
    if [ -n "$uv" ]; then
        "$uv" pip install --python "$venv_python" "$@"
    else
        PIP_USER=0 "$venv_python" -m pip install --disable-pip-version-check "$@"
    fi
}

install_lock() {
    set -- --require-hashes --no-deps --requirement "$1"
    # Kernels start often: compile once here, as pip does by itself.
    if [ -n "$uv" ]; then set -- --compile-bytecode "$@"; fi
    install "$@" || fail "
The environment is not complete: the reason stands above, and the same command starts again.
Own package index, proxy or no network at all: see \"Set-up\" in README.md"
}

stamp_of() {
    printf 'directory %s\npython %s\nlock %s' "$(pwd -P)" "$1" "$(cksum <"$2")"
}

# is_current STAMP LOCK: was .venv made here, from this lock, by the Python asked for, and does it run?
# Sets made_by ("3.12 /the/base/python").
is_current() {
    [ -f "$1" ] || return 1
    made_by=$(sed -n 's/^python //p' "$1")
    [ "$(cat "$1")" = "$(stamp_of "$made_by" "$2")" ] || return 1
    answer=$(ask_python "$venv_python") || return 1
    case $answer in "yes ${made_by%% *} "*) ;; *) return 1 ;; esac
    [ -z "$PYTHON" ] || { find_uv && find_python && [ "$made_by" = "$python_version $python" ]; }
}

write_stamp() {
    stamp_of "$python_version $python" "$2" >"$1.part"
    mv -f "$1.part" "$1"
}

create() {
    find_uv
    find_python
    # Stamps first: a removal that is interrupted must not pass for a whole environment.
    rm -f .venv/stamp-*
    rm -rf .venv
    echo "Making .venv with Python $python_version ($python) and ${uv:-pip}"
    if [ -n "$uv" ]; then
        UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --python "$python" .venv
    else
        "$python" -m venv .venv
    fi
}

# What an editable install copies: entry points from pyproject.toml, and the extension for JupyterLab.
installed_from() {
    find pyproject.toml bizops/lab -type f -exec cat {} + 2>/dev/null | cksum
}

install_project() {
    find_uv
    # The build backend is in the lock: nothing is fetched here.
    install --quiet --no-deps --no-build-isolation --editable .
    installed_from >.venv/stamp-project.part
    mv -f .venv/stamp-project.part .venv/stamp-project
}

set_up() {
    if [ -n "$WHEELS" ] && [ ! -d "$WHEELS" ]; then
        fail "WHEELS=$WHEELS is not a folder. Fill one on a connected machine: make wheels WHEELS=folder"
    fi
    share_index
    if ! is_current .venv/stamp-run "$run_lock" || { [ -f .venv/stamp-test ] && [ "$1" = test ] &&
        ! is_current .venv/stamp-test "$test_lock"; }; then
        create
        if [ "$1" = test ]; then
            install_lock "$test_lock"
            write_stamp .venv/stamp-test "$test_lock"
        else
            install_lock "$run_lock"
        fi
        write_stamp .venv/stamp-run "$run_lock"
    elif [ "$1" = test ] && [ ! -f .venv/stamp-test ]; then
        find_uv
        python_version=${made_by%% *} python=${made_by#* }
        install_lock "$test_lock"
        write_stamp .venv/stamp-test "$test_lock"
    fi
    [ "$(cat .venv/stamp-project 2>/dev/null)" = "$(installed_from)" ] || install_project
}

fill_wheels() {
    share_index
    find_uv
    find_python
    folder=${WHEELS:-wheels}
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM
    # uv has no download command; a throw-away environment has pip.
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --seed --python "$python" "$scratch/venv"
    else
        "$python" -m venv "$scratch/venv"
    fi
    # The lock for tests holds all of the lock for reports.
    "$scratch/venv/bin/python" -m pip download --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --dest "$folder" --requirement "$test_lock"
    echo "python$python_version" >"$folder/made-for"
    echo "Wheels for Python $python_version are in $folder; on a machine of the same kind: make report WHEELS=$folder"
}

case ${1-} in
run | test) set_up "$1" ;;
wheels) fill_wheels ;;
python)
    find_uv
    find_python
    echo "$python"
    ;;
*) fail "usage: sh .ci/environment.sh run|test|wheels|python" ;;
esac
