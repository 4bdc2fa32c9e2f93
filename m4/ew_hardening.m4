# SPDX-License-Identifier: Apache-2.0
# Compiler flags: warnings, sanitizers, fuzzers, hardening. Each flag is tried
# before it is used, so that gcc and clang both get what they know.

# EW_TRY_CFLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler takes it
AC_DEFUN([EW_TRY_CFLAG], [
	AC_MSG_CHECKING([whether $CC accepts $2])
	ew_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes]); $1="$$1 $2"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$ew_save_CFLAGS
])

AC_DEFUN([EW_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
		[], [enable_werror=no])
	EW_WARN_CFLAGS=
	m4_foreach_w([ew_flag], [
		-Wall -Wextra -Wpedantic -Wshadow -Wconversion
		-Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wundef
		-Wvla -Wformat=2 -Wwrite-strings],
		[EW_TRY_CFLAG([EW_WARN_CFLAGS], ew_flag)
])
	AS_IF([test "x$enable_werror" = xyes],
		[EW_WARN_CFLAGS="$EW_WARN_CFLAGS -Werror"])
	AC_SUBST([EW_WARN_CFLAGS])
])

AC_DEFUN([EW_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
		[AS_HELP_STRING([--enable-sanitizers=LIST],
			[address,undefined or thread])],
		[], [enable_sanitizers=no])
	EW_SANITIZE_CFLAGS=
	AS_CASE([$enable_sanitizers],
		[no], [ew_sanitizers=none],
		[yes], [ew_sanitizers=address,undefined],
		[ew_sanitizers=$enable_sanitizers])
	AS_IF([test "x$ew_sanitizers" != xnone], [
		EW_TRY_CFLAG([EW_SANITIZE_CFLAGS], [-fsanitize=$ew_sanitizers])
		AS_IF([test "x$EW_SANITIZE_CFLAGS" = x],
			[AC_MSG_ERROR([$CC does not know -fsanitize=$ew_sanitizers])])
		EW_SANITIZE_CFLAGS="$EW_SANITIZE_CFLAGS -fno-omit-frame-pointer"
		AS_CASE([,$ew_sanitizers,], [*,undefined,*],
			[EW_SANITIZE_CFLAGS="$EW_SANITIZE_CFLAGS -fno-sanitize-recover=undefined"])
	])
	AC_SUBST([EW_SANITIZE_CFLAGS])
	AM_CONDITIONAL([SANITIZERS], [test "x$ew_sanitizers" != xnone])
])

# With --enable-fuzzers the programs of tests/fuzz are libFuzzer programs.
# Without, they replay their corpus and are run by "make check".
AC_DEFUN([EW_FUZZERS], [
	AC_ARG_ENABLE([fuzzers],
		[AS_HELP_STRING([--enable-fuzzers], [build libFuzzer programs (clang)])],
		[], [enable_fuzzers=no])
	ew_fuzzers=no
	EW_FUZZ_CFLAGS=
	EW_FUZZ_LDFLAGS=
	AS_IF([test "x$enable_fuzzers" = xyes], [
		EW_TRY_CFLAG([EW_FUZZ_CFLAGS], [-fsanitize=fuzzer-no-link])
		AS_IF([test "x$EW_FUZZ_CFLAGS" = x],
			[AC_MSG_ERROR([--enable-fuzzers needs clang with libFuzzer: CC=clang])])
		EW_FUZZ_LDFLAGS=-fsanitize=fuzzer
		ew_fuzzers=yes
	])
	AC_SUBST([EW_FUZZ_CFLAGS])
	AC_SUBST([EW_FUZZ_LDFLAGS])
	AM_CONDITIONAL([FUZZERS], [test "x$enable_fuzzers" = xyes])
])

AC_DEFUN([EW_HARDENING], [
	AC_ARG_ENABLE([hardening],
		[AS_HELP_STRING([--disable-hardening], [leave the hardening flags out])],
		[], [enable_hardening=yes])
	EW_HARDEN_CFLAGS=
	EW_HARDEN_LDFLAGS=
	EW_PIE_LDFLAGS=
	EW_ZDEFS_LDFLAGS=-Wl,-z,defs
	ew_hardening=no
	AS_IF([test "x$enable_hardening" = xyes], [
		ew_hardening=yes
		m4_foreach_w([ew_flag], [-fstack-protector-strong
			-fstack-clash-protection -fcf-protection],
			[EW_TRY_CFLAG([EW_HARDEN_CFLAGS], ew_flag)
])
		EW_HARDEN_CFLAGS="$EW_HARDEN_CFLAGS -fPIE"
		EW_PIE_LDFLAGS=-pie
		EW_HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"
		AS_IF([test "x$ew_sanitizers" = xnone], [
			AS_CASE([" $CFLAGS "], [*" -O0 "*], [],
				[*" -O"*], [EW_HARDEN_CFLAGS="$EW_HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
		])
	])
	# clang keeps the sanitizers' run time in the program, so that a shared
	# object cannot be closed against undefined symbols
	AS_IF([test "x$ew_sanitizers$ew_fuzzers" != xnoneno &&
	       $CC --version 2>/dev/null | grep -q clang],
		[EW_ZDEFS_LDFLAGS=])
	AC_SUBST([EW_HARDEN_CFLAGS])
	AC_SUBST([EW_HARDEN_LDFLAGS])
	AC_SUBST([EW_PIE_LDFLAGS])
	AC_SUBST([EW_ZDEFS_LDFLAGS])
])
