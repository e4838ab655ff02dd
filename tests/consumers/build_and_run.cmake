# build_and_run(<project folder> <cache entries>...): configures, builds and runs a consumer in ${WORK}/build.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})

function(build_and_run project)
  execute_process(COMMAND ${CMAKE_COMMAND} -G ${GENERATOR} -S ${project} -B ${WORK}/build -DCMAKE_CXX_COMPILER=${CXX} ${ARGN}
                  COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${WORK}/build/consumer COMMAND_ERROR_IS_FATAL ANY)
endfunction()
