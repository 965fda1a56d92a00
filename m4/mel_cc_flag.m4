# MEL_CC_FLAG(VARIABLE, FLAG...)
# Append each FLAG to VARIABLE when the compiler accepts it without a warning.
AC_DEFUN([MEL_CC_FLAG], [
  AC_LANG_PUSH([C])
  m4_foreach_w([mel_flag], [$2], [
    AS_VAR_PUSHDEF([mel_cache], [mel_cv_cc_flag_]mel_flag)
    AC_CACHE_CHECK([whether $CC accepts ]mel_flag, [mel_cache], [
      mel_save_CFLAGS=$CFLAGS
      CFLAGS="$CFLAGS -Werror mel_flag"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
        [AS_VAR_SET([mel_cache], [yes])], [AS_VAR_SET([mel_cache], [no])])
      CFLAGS=$mel_save_CFLAGS
    ])
    AS_VAR_IF([mel_cache], [yes], [$1="$$1 mel_flag"])
    AS_VAR_POPDEF([mel_cache])
  ])
  AC_LANG_POP([C])
])

# MEL_LD_FLAGS(VARIABLE, SHELL WORDS)
# Append each word to VARIABLE when a program links with it.
AC_DEFUN([MEL_LD_FLAGS], [
  for mel_flag in $2; do
    AC_MSG_CHECKING([whether the linker accepts $mel_flag])
    mel_save_LDFLAGS=$LDFLAGS
    LDFLAGS="$LDFLAGS $mel_flag"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes]); $1="$$1 $mel_flag"], [AC_MSG_RESULT([no])])
    LDFLAGS=$mel_save_LDFLAGS
  done
])

# MEL_LIBRARY(VARIABLE, PKG-CONFIG MODULE, DEBIAN PACKAGE)
# Find a library by pkg-config; a missing one is noted with the name of its Debian package, so
# that all missing ones are reported together by MEL_LIBRARIES_DONE.
AC_DEFUN([MEL_LIBRARY], [
  PKG_CHECK_MODULES([$1], [$2], [], [mel_missing="$mel_missing $3"])
])

AC_DEFUN([MEL_LIBRARIES_DONE], [
  AS_IF([test -n "$mel_missing"], [
    AC_MSG_ERROR([libraries are missing. On Debian: apt-get install$mel_missing])
  ])
])
