// SPDX-License-Identifier: Apache-2.0
// An operation of one's own, in one file: a running sum along an axis. Its axes, its gradient (the running sum from the other end),
// and a kernel. The library's own operations are written in the same way.
#include <akin/akin.hpp>

#include <cmath>
#include <iostream>
#include <vector>

inline constexpr struct sequences : akin::batch<"sequences"> {} sequences;
inline constexpr struct time_steps : akin::axis<"time_steps"> {} time_steps;

namespace mine {

constexpr void running_sum_vjp(akin::model& m, int n, int gradient);
inline constexpr akin::operation running_sum_op{"running_sum", akin::role::kernel, akin::vjp_of<running_sum_vjp>};  // argument: {axis, 1 from the last entry}

constexpr int append_running_sum(akin::model& m, int a, int axis, bool from_the_end) {
  akin::node n{&running_sum_op};
  n.in[0] = static_cast<std::int16_t>(a);
  n.axes = m.at(a).axes;
  n.argument[0] = static_cast<std::int16_t>(axis);
  n.argument[1] = from_the_end ? 1 : 0;
  return m.put(n);
}

constexpr void running_sum_vjp(akin::model& m, int n, int gradient) {
  const akin::node op = m.at(n);
  m.add_adjoint(op.in[0], append_running_sum(m, gradient, op.argument[0], op.argument[1] == 0));
}

/// shapes:   [A, x, B] -> [A, x, B]
/// gradient: the running sum from the other end
template <class... A, akin::some_axis X>
constexpr akin::expr<akin::real, akin::axes<A...>> running_sum(akin::expr<akin::real, akin::axes<A...>> a, akin::over_axes<X>) {
  static_assert(akin::operand_has_axis<akin::axes_are<A...>, akin::axis_is<X>>, "mine: running_sum: the operand does not have this axis");
  akin::model& m = *a.owner;
  return {&m, append_running_sum(m, a.id, m.number_of<X>(), false)};
}

// The work on one line, and how to find it: whoever runs it, a loop, threads or a device, calls it for every line.
template <class Real>
struct sum_line {
  const Real* in;
  Real* out;
  std::int64_t along, inner;
  bool from_the_end;
  AKIN_HOST_DEVICE void operator()(std::int64_t line) const {
    Real sum = 0;
    for (std::int64_t k = 0; k < along; ++k) {
      const auto at = (line / inner * along + (from_the_end ? along - 1 - k : k)) * inner + line % inner;
      out[at] = sum += in[at];
    }
  }
};

}  // namespace mine

// One kernel for every backend. One that has a faster way takes its own: akin::kernel<&mine::running_sum_op, akin::cpu_backend>.
template <class Backend>
struct akin::kernel<&mine::running_sum_op, Backend> {
  static void run(Backend& backend, const akin::kernel_call<Backend>& c) {
    const akin::around a{c.operand(0), c.op.argument[0]};
    backend.each(a.outer * a.inner, mine::sum_line<typename Backend::real>{c.operand(0).data, c.result().data, a.along, a.inner, c.op.argument[1] != 0});
  }
};

struct path_length {
  static constexpr auto define(akin::model& m) {
    const auto steps = m.input<"steps">(sequences, time_steps);
    const auto path = mine::running_sum(tanh(steps), over(time_steps));
    m.output<"path">(path);
    return mean(sum(path * path, over(time_steps)));
  }
};

template <class Backend>
std::vector<double> gradient_of(const std::vector<double>& steps, std::int64_t n, std::int64_t length, double& loss) {
  using real = typename Backend::real;
  std::vector<real> in;
  for (const double x : steps) in.push_back(static_cast<real>(x));
  akin::parameters<path_length, real> weights;
  akin::program<path_length, Backend> p{weights};
  p.bind(sequences(n), time_steps(length));
  p.template set<"steps">(in);
  loss = static_cast<double>(p.forward());
  p.backward();
  const auto g = p.template gradient<"steps">();
  return {g.data, g.data + g.size()};
}

int main() {
  const std::int64_t n = 3, length = 5;
  akin::random_stream random{1, 1};
  std::vector<double> steps(n * length);
  for (double& x : steps) x = random.normal();

  double loss = 0, loss32 = 0, above = 0, below = 0, worst = 0, worst32 = 0;
  const auto exact = gradient_of<akin::reference_backend>(steps, n, length, loss);
  const auto fused = gradient_of<akin::cpu_backend>(steps, n, length, loss32);
  for (std::size_t k = 0; k < steps.size(); ++k) {
    auto moved = steps;
    moved[k] = steps[k] + 1e-5;
    gradient_of<akin::reference_backend>(moved, n, length, above);
    moved[k] = steps[k] - 1e-5;
    gradient_of<akin::reference_backend>(moved, n, length, below);
    worst = std::max(worst, std::abs((above - below) / 2e-5 - exact[k]));
    worst32 = std::max(worst32, std::abs(fused[k] - exact[k]));
  }
  std::cout << "loss " << loss << ", cpu " << loss32 << "; errors of the gradient: " << worst << " against differences, " << worst32 << " cpu against reference\n";
  return worst < 1e-8 && worst32 < 1e-5 ? 0 : 1;
}
