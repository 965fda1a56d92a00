# lib.sh - runs the embedded definitions on this machine, without a guest: each step by the shell
# and with the lines around it that a guest would see, the helper and the cache in other places.
#
# A test script sets up files in $work (the working directory of steps; the packages lie below
# $out; $extra holds more variables), calls `uses` and says what it expects.
# `every_shell FUNCTION...` runs the functions once for each shell that has to do; each begins
# with an empty $tmp.
set -u
umask 022

dump=${builddir:-.}/tests/guest/dump-builtin
dump=$(cd "$(dirname "$dump")" && pwd)/dump-builtin
base=$(mktemp -d)
trap 'chmod -R u+w "$base" 2>/dev/null; rm -rf "$base"' EXIT
# With sanitizers the same sources are built once more for the tests, as a program that has them.
helper=${dump%/*}/helper-sanitized
if [ ! -x "$helper" ]; then
	helper=$base/helper
	"$dump" helper "$helper" || exit 1
fi
failures=0
tmp=$base/tmp
shell=
path=$PATH

fail() {
	echo "FAIL ($shell): $*"
	failures=$((failures + 1))
}

# want PROGRAM PACKAGE: end as skipped, or failed where nothing may be skipped, if it is missing
want() {
	command -v "$1" >/dev/null && return
	echo "skipped: there is no $1 ($2)"
	[ "${MEL_MUST_SANDBOX-}" != 1 ] || exit 1
	exit 77
}

note() {
	echo "skipped: $*"
}

# Start afresh: $work, $out/{main,sub}, $cache, $home are empty folders.
fresh() {
	rm -rf "$tmp"
	work=$tmp/work out=$tmp/work/out cache=$tmp/cache home=$tmp/home
	mkdir -p "$work" "$out/main" "$out/sub" "$cache" "$home" "$tmp/steps"
	context=sub network= arch=x86_64 extra=
}

# run_script FILE DIR: as a guest does; the output goes to $tmp/output.
run_script() {
	script=$(printf 'set -eo pipefail\n[ -d "%s" ] || mkdir -p "%s"\ncd "%s"\n%s\n\nexit 0' \
		"$2" "$2" "$2" "$(sed -e "s#/\.melange/helper#$helper#g" \
			-e "s#/var/cache/melange#$cache#g" "$1")")
	case $shell in
	busybox) set -- busybox sh -c "$script" ;;
	bash) set -- bash --posix -c "$script" ;;
	dash) set -- dash -c "set -e${script#set -eo pipefail}" ;;
	esac
	(
		cd "$work" && exec env -i PATH="$path" HOME="$home" SOURCE_DATE_EPOCH=0 \
			MELANGE_OUTDIR="$out" MELANGE_DESTDIR="$out/main" \
			MELANGE_CONTEXTDIR="$out/$context" MELANGE_CONTEXT_NAME="$context" \
			MELANGE_PACKAGE_NAME=main MELANGE_ARCH="$arch" \
			${network:+MELANGE_NETWORK=$network} $extra ASAN_OPTIONS="${ASAN_OPTIONS-}" \
			sh -c '. "$0" && exec "$@"' "$tmp/inputs" "$@"
	) >>"$tmp/output" 2>&1 </dev/null
}

# uses NAME [INPUT=VALUE]...: run all steps of a definition; $status is what the last one left.
uses() {
	: >"$tmp/output"
	: >"$tmp/inputs"
	rm -rf "$tmp/steps"
	mkdir "$tmp/steps"
	run_definition "$tmp/steps" "$@"
	definition=$1
}

# run_definition FOLDER NAME [INPUT=VALUE]...
run_definition() {
	steps=$1 definition=$2
	shift 2
	"$dump" steps "$definition" "$steps" || fail "no steps in $definition"
	"$dump" inputs "$definition" >"$tmp/defaults"
	{
		while IFS= read -r line; do
			emit_input "$line"
		done <"$tmp/defaults"
		for line; do
			emit_input "$line"
		done
	} >>"$tmp/inputs"
	number=1 status=0
	while [ "$status" = 0 ]; do
		if [ -f "$steps/$number.uses" ]; then
			mkdir "$steps/$number"
			run_definition "$steps/$number" "$(cat "$steps/$number.uses")"
			return # a definition is the last step, where it is one
		fi
		[ -f "$steps/$number" ] || return
		dir=$work
		[ ! -f "$steps/$number.dir" ] || dir=$out/$context
		status=0
		run_script "$steps/$number" "$dir" || status=$?
		number=$((number + 1))
	done
}

# A line of shell that sets what a step is given for INPUT=VALUE.
emit_input() {
	input=$(printf '%s' "${1%%=*}" | tr 'a-z-' 'A-Z_')
	value=${1#*=}
	[ "$value" != '${{host.triplet.gnu}}' ] || value=x86_64-pc-linux-gnu
	printf "export MELANGE_INPUT_%s='" "$input"
	printf '%s' "$value" | sed "s/'/'\\\\''/g"
	printf "'\\n"
}

# expect_status N WHAT
expect_status() {
	[ "$status" = "$1" ] || {
		fail "$2: status $status, expected $1; output:"
		cat "$tmp/output"
	}
}

# expect_line TEXT: a whole line of the output
expect_line() {
	grep -qxF -e "$1" "$tmp/output" || {
		fail "no line '$1' in the output:"
		cat "$tmp/output"
	}
}

# expect_text TEXT: anywhere in the output
expect_text() {
	grep -qF -e "$1" "$tmp/output" || {
		fail "no '$1' in the output:"
		cat "$tmp/output"
	}
}

refuse_text() {
	! grep -qF -e "$1" "$tmp/output" || fail "'$1' is in the output"
}

# expect_tree DIR LINES: the paths below DIR, folders with a slash behind, sorted
expect_tree() {
	found=$(cd "$1" && find . -mindepth 1 \( -type d -printf '%P/\n' -o -printf '%P\n' \) | LC_ALL=C sort)
	[ "$found" = "$2" ] || {
		fail "$definition: tree of ${1##*/}:"
		printf '%s\n' "$found"
		echo "expected:"
		printf '%s\n' "$2"
	}
}

# expect_content FILE TEXT
expect_content() {
	[ -f "$1" ] && [ "$(cat "$1")" = "$2" ] || fail "content of $1 is not '$2'"
}

# put FILE...: make each with its folders; the content is the name
put() {
	for file; do
		mkdir -p "$(dirname "$file")"
		echo "${file##*/}" >"$file"
	done
}

# digest_of KIND FILE
digest_of() {
	"${1}sum" "$2" | cut -d' ' -f1
}

# only PROGRAM...: a PATH with nothing but small tools and these programs (NAME or NAME=FILE)
only() {
	rm -rf "$base/only"
	mkdir "$base/only"
	for tool in sh cat rm mkdir sed tail tr find grep mktemp tar gzip xargs sleep env "$@"; do
		target=$(command -v "${tool#*=}") && ln -s "$target" "$base/only/${tool%%=*}"
	done
	for tool in busybox bash dash; do
		! target=$(command -v "$tool") || ln -sf "$target" "$base/only/$tool"
	done
	path=$base/only
}

every_shell() {
	for shell in busybox bash dash; do
		command -v "$shell" >/dev/null || {
			note "there is no $shell"
			continue
		}
		for test_case; do
			path=$PATH
			fresh
			"$test_case"
		done
	done
	[ "$failures" = 0 ] || exit 1
}
