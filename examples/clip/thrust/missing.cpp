// SPDX-License-Identifier: Apache-2.0
// In the place of computer.cu where akin::thrust is not there.
#include "../computer.hpp"

namespace clip_program {

std::unique_ptr<computer> make_thrust_computer() { akin::fail("--backend thrust: this akin-clip was built without Thrust"); }

}  // namespace clip_program
