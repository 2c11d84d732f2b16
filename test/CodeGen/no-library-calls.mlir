// No kernel of elementwise ops, reductions or copies in any type may call libm or the compiler's runtime library.
// RUN: moe-opt %s --clone-isa-levels --emit-linalg-rows --expand-math --cse --canonicalize -o %t.mlir
// RUN: sed -e 's/rt.kernel, //' -e '/rt.kernel @/d' %t.mlir | moe-opt --expand-strided-metadata --lower-affine --convert-scf-to-cf \
// RUN:   --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.llvm.mlir
// RUN: mlir-translate --mlir-to-llvmir %t.llvm.mlir | opt -O2 | llc -O2 -mtriple=x86_64-linux-gnu -filetype=obj -o %t.o
// RUN: llvm-nm %t.o | FileCheck %s

// CHECK-NOT: {{ U }}
// CHECK: T columns_avx512
// CHECK: T map_v2
// CHECK-NOT: {{ U }}

#id = affine_map<(d0) -> (d0)>
#rc = affine_map<(r, c) -> (r, c)>
#r = affine_map<(r, c) -> (r)>
#cr = affine_map<(r, c) -> (c, r)>

func.func private @map(%begin: index, %end: index, %x: memref<?xf32>, %h: memref<?xf16>, %w: memref<?xbf16>, %k: memref<?xi1>,
                       %y: memref<?xf32>, %g: memref<?xf16>, %v: memref<?xbf16>, %d: memref<?xf64>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %h, %w, %k : memref<?xf32>, memref<?xf16>, memref<?xbf16>, memref<?xi1>)
      outs(%y, %g, %v, %d : memref<?xf32>, memref<?xf16>, memref<?xbf16>, memref<?xf64>) {
  ^bb0(%a: f32, %b: f16, %c: bf16, %t: i1, %o: f32, %p: f16, %q: bf16, %r: f64):
    %0 = math.exp %a : f32
    %1 = math.tanh %0 : f32
    %2 = math.erf %1 : f32
    %3 = math.log %2 : f32
    %4 = math.powf %3, %a : f32
    %5 = math.sinh %4 : f32
    %6 = math.round %5 : f32
    %7 = math.log1p %6 : f32
    %8 = math.expm1 %7 : f32
    %9 = math.tan %8 : f32
    %10 = math.acosh %9 : f32
    %11 = math.atan2 %10, %0 : f32
    %12 = math.rsqrt %11 : f32
    %13 = math.asin %12 : f32
    %14 = math.fma %13, %12, %11 : f32
    %15 = math.floor %14 : f32
    %16 = math.exp %b : f16
    %17 = arith.addf %16, %b : f16
    %18 = arith.maximumf %17, %b : f16
    %19 = arith.cmpf ogt, %18, %b : f16
    %20 = arith.select %19, %18, %b : f16
    %21 = math.tanh %c : bf16
    %22 = arith.mulf %21, %c : bf16
    %23 = arith.select %t, %22, %c : bf16
    %24 = arith.negf %20 : f16
    %25 = arith.negf %23 : bf16
    %26 = arith.extf %24 : f16 to f64
    %27 = arith.truncf %r : f64 to bf16
    %28 = arith.addf %27, %25 : bf16
    linalg.yield %15, %24, %28, %26 : f32, f16, bf16, f64
  }
  linalg.copy ins(%h : memref<?xf16>) outs(%g : memref<?xf16>)
  linalg.copy ins(%w : memref<?xbf16>) outs(%v : memref<?xbf16>)
  return
}

func.func private @columns(%begin: index, %end: index, %h: memref<?x?xf16>, %w: memref<?x?xbf16>, %s: memref<?xf16>,
                           %t: memref<?xbf16>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [#rc, #rc, #r, #r], iterator_types = ["parallel", "reduction"]}
      ins(%h, %w : memref<?x?xf16>, memref<?x?xbf16>) outs(%s, %t : memref<?xf16>, memref<?xbf16>) {
  ^bb0(%a: f16, %b: bf16, %o: f16, %p: bf16):
    %0 = arith.maximumf %a, %o : f16
    %1 = arith.maximumf %b, %p : bf16
    linalg.yield %0, %1 : f16, bf16
  }
  linalg.generic {indexing_maps = [#cr, #cr, #r, #r], iterator_types = ["parallel", "reduction"]}
      ins(%h, %w : memref<?x?xf16>, memref<?x?xbf16>) outs(%s, %t : memref<?xf16>, memref<?xbf16>) {
  ^bb0(%a: f16, %b: bf16, %o: f16, %p: bf16):
    %0 = arith.maximumf %a, %o : f16
    %1 = arith.addf %b, %p : bf16
    linalg.yield %0, %1 : f16, bf16
  }
  return
}
