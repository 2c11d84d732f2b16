// The optimiser narrows a maximum of two numbers that were f16 to f16, where x86 has calls of fmaxf alone.
// RUN: moec compile --quiet %s -o %t.so
// RUN: llvm-nm -D -u %t.so | FileCheck %s --check-prefix=IMPORTS --allow-empty
// IMPORTS-NOT: fm{{ax|in}}f
// RUN: moec compile --emit=llvm %s -o %t.ll
// RUN: FileCheck %s --check-prefix=IR < %t.ll
// IR-NOT: call {{.*}}@llvm.maxnum.{{(v[0-9]+)?}}f16
// IR: call {{.*}}@llvm.maxnum.{{(v[0-9]+)?}}f32
// IR-NOT: call {{.*}}@llvm.maxnum.{{(v[0-9]+)?}}f16

func.func @main(%z: tensor<?x43xf16> {rt.name = "logits"})
    -> (tensor<?x8xi32> {rt.name = "ids"}, tensor<?x8xf32> {rt.name = "weights"})
    attributes {rt.entry} {
  %ids, %weights = moe.route %z {k = 8} : tensor<?x43xf16> -> tensor<?x8xi32>, tensor<?x8xf32>
  return %ids, %weights : tensor<?x8xi32>, tensor<?x8xf32>
}
