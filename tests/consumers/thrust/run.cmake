include(${SOURCE}/build_and_run.cmake)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${AKIN_BUILD} --prefix ${WORK}/prefix COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
build_and_run(${CMAKE_CURRENT_LIST_DIR} -Dakin_ROOT=${WORK}/prefix)
