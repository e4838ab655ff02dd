# One call of the compiler, as a user debugs: with its usual warnings, without optimisation.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${CXX} -std=c++20 -Wall -Wextra -Werror -I ${AKIN_SOURCE}/include ${SOURCE}/main.cpp -o ${WORK}/consumer
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${WORK}/consumer COMMAND_ERROR_IS_FATAL ANY)
