# cmake -DCOMPILE=<compiler;flags> -DSOURCE=<file> -P expect_error.cmake
#
# A file that must not compile holds its control as well:
#   // expect: akin: dot: operands share no axis     the first error says this sentence
#   // shows: axes<images, pixels>                   optional, any number: stands somewhere in the diagnostics
#   // with: -std=c++17                             optional: the mistake is this flag, which comes with AKIN_EXPECT_ERROR alone
#   // max-lines: 12                                 the diagnostics are no longer than this, the way to the header apart
# Without AKIN_EXPECT_ERROR the file compiles; with it, it fails as said. WILL_FAIL would pass on any broken build, and
# PASS_REGULAR_EXPRESSION would not look at the exit code.

cmake_minimum_required(VERSION 3.25)
set(ENV{LC_ALL} C)

function(read_lines key result)
  file(STRINGS ${SOURCE} lines REGEX "^// ${key}: ")
  list(TRANSFORM lines REPLACE "^// ${key}: " "")
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()

read_lines(expect sentence)
read_lines(shows shown)
read_lines(with flags)
read_lines(max-lines max_lines)
list(LENGTH sentence sentences)
if(NOT sentences EQUAL 1)
  message(FATAL_ERROR "${SOURCE}: one '// expect:' line is needed, ${sentences} found")
endif()
if(NOT max_lines MATCHES "^[0-9]+$")
  message(FATAL_ERROR "${SOURCE}: one '// max-lines:' line with a number is needed")
endif()

execute_process(COMMAND ${COMPILE} -fsyntax-only ${SOURCE} RESULT_VARIABLE status ERROR_VARIABLE diagnostics)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the control does not compile:\n${diagnostics}")
endif()

execute_process(COMMAND ${COMPILE} -DAKIN_EXPECT_ERROR ${flags} -fsyntax-only ${SOURCE} RESULT_VARIABLE status ERROR_VARIABLE diagnostics)
if(status EQUAL 0)
  message(FATAL_ERROR "the mistake compiles")
endif()

string(REGEX MATCH "[^\n]*error: [^\n]*" first_error "${diagnostics}")
string(FIND "${first_error}" "${sentence}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "the first error is\n  ${first_error}\nexpected\n  ${sentence}\nall of it:\n${diagnostics}")
endif()

foreach(text IN LISTS shown)
  string(FIND "${diagnostics}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the diagnostics do not show '${text}':\n${diagnostics}")
  endif()
endforeach()

# Where a header was included from says nothing of the mistake, and takes a line for each header on the way.
string(REGEX REPLACE "(In file included from|                 from) [^\n]*\n" "" said "${diagnostics}")
string(REGEX MATCHALL "\n" line_ends "${said}")
list(LENGTH line_ends lines)
if(lines GREATER max_lines)
  message(FATAL_ERROR "${lines} lines of diagnostics, at most ${max_lines} wanted:\n${diagnostics}")
endif()
message(STATUS "${lines} lines:\n${diagnostics}")
