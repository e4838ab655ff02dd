include(${SOURCE}/build_and_run.cmake)
build_and_run(${CMAKE_CURRENT_LIST_DIR} -DAKIN_SOURCE=${AKIN_SOURCE})
