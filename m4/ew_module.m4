# SPDX-License-Identifier: Apache-2.0
# EW_MODULE(NAME, DEFAULT, PACKAGES): one module of the gateway
#
# Gives --enable-module-NAME and --disable-module-NAME and the automake
# conditional MODULE_NAME. PACKAGES, a list for pkg-config, may be left out; its
# flags become MODULE_NAME_CFLAGS and MODULE_NAME_LIBS. A module is linked with
# MODULE_LDFLAGS.
AC_DEFUN([EW_MODULE], [
	AC_SUBST([MODULE_LDFLAGS], ['-module -avoid-version $(LIBRARY_LDFLAGS)'])
	m4_pushdef([ew_upper], m4_translit([$1], [a-z-], [A-Z_]))
	AC_ARG_ENABLE([module-$1],
		[AS_HELP_STRING([--disable-module-$1], [leave the module $1 out])],
		[ew_module=$enableval], [ew_module=m4_default([$2], [yes])])
	m4_ifval([$3], [AS_IF([test "x$ew_module" = xyes],
		[PKG_CHECK_MODULES([MODULE_]ew_upper, [$3])])])
	AM_CONDITIONAL([MODULE_]ew_upper, [test "x$ew_module" = xyes])
	AS_IF([test "x$ew_module" = xyes], [ew_modules="$ew_modules $1"])
	m4_popdef([ew_upper])
])
