// The optimiser narrows a maximum of two numbers that were f16 to f16, where x86 has calls of fmaxf alone.
// RUN: moec compile --quiet %s -o %t.so
// RUN: llvm-nm -D -u %t.so | FileCheck %s --check-prefix=IMPORTS --allow-empty
// IMPORTS-NOT: fm{{ax|in}}f
// RUN: moec compile --emit=llvm %s -o %t.ll
// RUN: FileCheck %s --check-prefix=IR < %t.ll
// IR-NOT: call {{.*}}@llvm.maxnum.{{(v[0-9]+)?}}f16
// IR: call {{.*}}@llvm.maxnum.{{(v[0-9]+)?}}f32
// IR-NOT: call {{.*}}@llvm.maxnum.{{(v[0-9]+)?}}f16

#id = affine_map<(r, c) -> (r, c)>
func.func @main(%a: tensor<?x43xf16> {rt.name = "a"}, %b: tensor<?x43xf16> {rt.name = "b"})
    -> (tensor<?x43xf32> {rt.name = "y"}) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %a, %c0 : tensor<?x43xf16>
  %empty = tensor.empty(%rows) : tensor<?x43xf32>
  %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<?x43xf16>, tensor<?x43xf16>) outs(%empty : tensor<?x43xf32>) {
  ^bb0(%x: f16, %z: f16, %o: f32):
    %0 = arith.extf %x : f16 to f32
    %1 = arith.extf %z : f16 to f32
    %2 = arith.maxnumf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x43xf32>
  return %y : tensor<?x43xf32>
}
