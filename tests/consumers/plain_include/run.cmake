# One call of the compiler, with no flag but the language and the two folders.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${CXX} -std=c++20 -I ${AKIN_SOURCE}/include ${SOURCE}/main.cpp -o ${WORK}/consumer
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${WORK}/consumer COMMAND_ERROR_IS_FATAL ANY)
