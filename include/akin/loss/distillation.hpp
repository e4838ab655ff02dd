// SPDX-License-Identifier: Apache-2.0
// Distillation: the student's softmax over the candidates follows that of a teacher.
#pragma once

#include <akin/loss/cross_entropy.hpp>

namespace akin::inline v0 {

/// Cross entropy of the student's logits with the teacher's softmax as the target.
/// shapes:   student and teacher [images, texts], each the similarity of two embeddings of its own width, over(texts) -> []
/// values:   at least the entropy of the teacher's softmax, which the gradient does not see
/// cost:     two passes over the tiles (the teacher's sums, then the rest), one more for the gradient
/// errors:   those of cross_entropy with soft targets
/// gradient: (softmax of the student - softmax of the teacher) / number of anchors; none to the teacher
/// source:   Hinton et al. 2015 (1503.02531); on pairs: open_clip's DistillClipLoss
template <class Axes, class Teacher, class X>
constexpr auto distillation(expr<real, Axes> student, expr<real, Teacher> teacher, over_axes<X> candidates) {
  return cross_entropy(student, stop_gradient(softmax(teacher, candidates)), candidates);
}

/// Both directions, averaged.
/// cost:     as one direction: they share the passes
template <class Axes, class Teacher>
constexpr auto distillation(expr<real, Axes> student, expr<real, Teacher> teacher) {
  return both_ways(student, [&](auto candidates) { return distillation(student, teacher, candidates); });
}

}  // namespace akin::inline v0
