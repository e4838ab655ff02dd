# What akin's own tests, examples and benchmarks share. A project that uses akin never reads this file, and nothing of it is installed.

set(CMAKE_CXX_EXTENSIONS OFF)

set(akin_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND akin_warnings -Wno-restrict)  # g++ 12 warns of "text" + std::string where nothing overlaps (its bug 105651)
endif()
add_library(akin_dev INTERFACE)
target_link_libraries(akin_dev INTERFACE akin::akin)
target_compile_options(akin_dev INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${akin_warnings}>" "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>")

# The libraries that only some headers of data/ need: gzip, PNG, JPEG and WebP, which comes without a CMake package on Debian.
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
add_library(akin_formats INTERFACE)
find_library(akin_webp webp REQUIRED)
find_library(akin_webpdemux webpdemux REQUIRED)
target_link_libraries(akin_formats INTERFACE ZLIB::ZLIB PNG::PNG JPEG::JPEG ${akin_webpdemux} ${akin_webp})

# What text/sentencepiece.hpp needs, and what its test trains a model with.
find_library(akin_sentencepiece sentencepiece REQUIRED)
find_library(akin_sentencepiece_train sentencepiece_train REQUIRED)

set(AKIN_TEST_BACKEND cpu CACHE STRING "Which backend the tests run beside the reference: cpu or thrust")
set(AKIN_TEST_BATCH 8 CACHE STRING "How many test files are compiled as one")

# akin_thrust_source(<file>): compiled as CUDA where akin::thrust runs there, else by the host's compiler whatever the file is called.
function(akin_thrust_source file)
  if(AKIN_THRUST_SYSTEM STREQUAL "CUDA")
    set_source_files_properties(${file} PROPERTIES LANGUAGE CUDA)
  else()
    set_source_files_properties(${file} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS -xc++)
  endif()
endfunction()
if(TARGET akin_thrust AND AKIN_THRUST_SYSTEM STREQUAL "CUDA")
  enable_language(CUDA)
endif()

# Tests that call the compiler see the same under every sanitizer, so that they run without one only.
set(akin_sanitized OFF)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set(akin_sanitized ON)
endif()

# ---- the subset --------------------------------------------------------------------------------------------------------------------
# tests/subset.txt names the tests that a short run under a second compiler and under the sanitizers repeats. They get the label
# `core`, and the target akin_core builds what they need.

set(akin_subset_file ${PROJECT_SOURCE_DIR}/tests/subset.txt)
file(STRINGS ${akin_subset_file} akin_subset REGEX "^[^#]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${akin_subset_file})
add_custom_target(akin_core)

# akin_in_subset(<test> <variable>): of_subset or others
function(akin_in_subset name variable)
  set(${variable} others PARENT_SCOPE)
  foreach(pattern IN LISTS akin_subset)
    if(name MATCHES "^(${pattern})$")
      set(${variable} of_subset PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# akin_describe_test(<test> LABEL <label> [TARGET <target that the test needs>])
function(akin_describe_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "LABEL;TARGET" "")
  set(labels ${test_LABEL})
  foreach(pattern IN LISTS akin_subset)
    if(name MATCHES "^(${pattern})$")
      set_property(GLOBAL APPEND PROPERTY akin_subset_found ${pattern})
      list(APPEND labels core)
      if(test_TARGET)
        add_dependencies(akin_core ${test_TARGET})
      endif()
    endif()
  endforeach()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 900)
endfunction()

function(akin_check_subset)
  get_property(found GLOBAL PROPERTY akin_subset_found)
  foreach(pattern IN LISTS akin_subset)
    if(NOT akin_sanitized AND NOT pattern IN_LIST found)
      message(WARNING "tests/subset.txt: '${pattern}' names no test")
    endif()
  endforeach()
endfunction()
