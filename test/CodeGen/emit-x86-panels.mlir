// RUN: moe-opt %s -split-input-file -emit-x86-panels -verify-diagnostics | FileCheck %s
// RUN: not moe-opt %s -split-input-file -emit-x86-panels=depth=7 2>&1 | FileCheck %s --check-prefix=DEPTH

// DEPTH: error: emit-x86-panels expects an even depth of at least 2, or 0, got 7

// Blocks whose first row is in the call's share are gathered, widened and padded by a zero summand.
// CHECK-LABEL: func.func private @pack
// CHECK-SAME: (%[[BEGIN:.*]]: index, %[[END:.*]]: index, %[[N:.*]]: index, %[[X:.*]]: memref<?x63xbf16>, %[[IDX:.*]]: memref<?xi32>, %[[OFF:.*]]: memref<?xi32>, %[[A:.*]]: memref<?xf32>)
// CHECK: memref.dim %[[OFF]]
// CHECK: scf.for
// CHECK: arith.ceildivui %{{.*}}, %{{.*}} : index
// CHECK: arith.cmpi sge, %[[FIRST:.*]], %[[BEGIN]]
// CHECK: arith.cmpi slt, %[[FIRST]], %[[END]]
// CHECK: memref.load %[[IDX]]
// CHECK: memref.load %[[X]]
// CHECK: arith.extf %{{.*}} : bf16 to f32
// CHECK: memref.store %{{.*}}, %[[A]]
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: memref.store %[[ZERO]], %[[A]]
func.func private @pack(%begin: index, %end: index, %n: index, %x: memref<?x63xbf16>, %idx: memref<?xi32>,
                        %off: memref<?xi32>, %a: memref<?xf32>) attributes {rt.kernel, tile.isa = "avx512"} {
  tile.pack_rows %begin to %end of %n rows(%x : memref<?x63xbf16>) gather(%idx : memref<?xi32>)
      ranges(%off : memref<?xi32>) into(%a : memref<?xf32>) depth(%n)
  return
}

// -----

// Rows may begin at any element, in memory of which nobody knows the size.
// CHECK-LABEL: func.func private @pack_places
// CHECK-SAME: , %[[X:[a-z0-9]+]]: memref<?x63xbf16, strided<[1, 1]>>, %[[PLACES:[a-z0-9]+]]: memref<?xi64>
// CHECK-NOT: memref.dim %[[X]], %c0
// CHECK: %[[PLACE:.*]] = memref.load %[[PLACES]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[PLACE]] : i64 to index
// CHECK: vector.load %[[X]][%[[ROW]], %{{.*}}] : memref<?x63xbf16, strided<[1, 1]>>
func.func private @pack_places(%begin: index, %end: index, %n: index, %x: memref<?x63xbf16, strided<[1, 1]>>,
                               %places: memref<?xi64>, %off: memref<?xi32>, %a: memref<?xf32>) attributes {rt.kernel, tile.isa = "avx512"} {
  tile.pack_rows %begin to %end of %n rows(%x : memref<?x63xbf16, strided<[1, 1]>>) gather(%places : memref<?xi64>)
      ranges(%off : memref<?xi32>) into(%a : memref<?xf32>) depth(%n)
  return
}

// -----

// CHECK-LABEL: func.func private @product
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<24576xf32>
// CHECK: tile.panels %{{.*}} : <2x41x600xf32> -> memref<77824xf32>
// CHECK: scf.index_switch
// CHECK: func.call @panel_f32_avx512_m1_ahead
// CHECK: default
// CHECK: func.call @panel_f32_avx512_m12_ahead
// CHECK: func.call @panel_f32_avx512_m12(
// Full columns, then the tail.
// CHECK: vector.load %{{.*}} vector<16xf32>
// CHECK: vector.store %{{.*}} vector<16xf32>
// CHECK: vector.maskedstore

// One fused multiply-add per element and step: 24 of them, 12 broadcasts, 2 loads.
// CHECK-LABEL: func.func private @panel_f32_avx512_m12_ahead(
// CHECK-SAME: "noinline"
// CHECK: scf.for
// CHECK: memref.prefetch
// CHECK-COUNT-2: vector.load %{{.*}} : memref<?xf32>, vector<16xf32>
// CHECK-NOT: vector.load
// CHECK-COUNT-24: vector.fma %{{.*}} : vector<16xf32>
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-24: vector.store
// CHECK: return

// CHECK-LABEL: func.func private @panel_f32_avx512_m12(
// CHECK-NOT: memref.prefetch
// CHECK: return
func.func private @product(%begin: index, %end: index, %n: index, %a: memref<?xf32>, %off: memref<3xi32>,
                           %w: !tile.packed<2x41x600xf32>, %o: memref<?x41xf32>)
    attributes {rt.kernel, tile.isa = "avx512"} {
  tile.panel_product %begin to %end of %n packed(%a : memref<?xf32>) ranges(%off : memref<3xi32>)
      slabs(%w : !tile.packed<2x41x600xf32>) outs(%o : memref<?x41xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

// Without fused multiply-adds a product and a sum; pairs of bf16 widen by shift and mask. Packed rows of a static
// size, and a kernel name that the user has taken. What comes from memory is fetched 8 KiB ahead: 4,096 numbers.
// CHECK-LABEL: func.func private @bf16
// CHECK: memref.cast %{{.*}} : memref<640xf32> to memref<?xf32>
// CHECK: arith.constant 4096 : index
// CHECK: func.call @panel_bf16_v2_m1_ahead_0(
// CHECK: func.func private @panel_bf16_v2_m1_ahead()
// CHECK-LABEL: func.func private @panel_bf16_v2_m1_ahead_0(
// CHECK: vector.load %{{.*}} : memref<?xbf16>, vector<8xbf16>
// CHECK: arith.shli
// CHECK-COUNT-8: arith.mulf {{.*}} : vector<4xf32>
// CHECK: arith.andi
// CHECK-COUNT-8: arith.mulf {{.*}} : vector<4xf32>
// CHECK-NOT: vector.fma
// CHECK: return
func.func private @bf16(%begin: index, %end: index, %n: index, %a: memref<640xf32>,
                        %w: !tile.packed<1x32x63xbf16>, %o: memref<?x32xf32>) attributes {rt.kernel, tile.isa = "v2"} {
  tile.panel_product %begin to %end of %n packed(%a : memref<640xf32>)
      slabs(%w : !tile.packed<1x32x63xbf16>) outs(%o : memref<?x32xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}
func.func private @panel_bf16_v2_m1_ahead()

// -----

// Epilogues run on 16 columns: scalars and constants become vectors, row arguments are spread, with two operands per
// column a panel holds 16 of each.
// CHECK-LABEL: func.func private @epilogue
// CHECK: %[[GATE:.*]] = vector.load %[[SUMS:.*]][%{{.*}}] : memref<?xf32>, vector<16xf32>
// CHECK: %[[UP:.*]] = vector.load %[[SUMS]][%{{.*}}] : memref<?xf32>, vector<16xf32>
// CHECK: %[[SCALAR:.*]] = memref.load %{{.*}} : memref<?xi32>
// CHECK: %[[ROW:.*]] = vector.broadcast %[[SCALAR]] : i32 to vector<16xi32>
// CHECK: %[[COL:.*]] = vector.load %{{.*}} : memref<1x16xbf16>, vector<16xbf16>
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: %[[POSITIVE:.*]] = arith.cmpf ogt, %[[GATE]], %[[ZERO]] : vector<16xf32>
// CHECK: arith.select %[[POSITIVE]], %[[UP]], %[[ZERO]] : vector<16xi1>, vector<16xf32>
// CHECK: arith.sitofp %[[ROW]] : vector<16xi32> to vector<16xf32>
// CHECK: arith.extf %[[COL]] : vector<16xbf16> to vector<16xf32>
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK-NEXT: vector.store
func.func private @epilogue(%begin: index, %end: index, %n: index, %a: memref<?xf32>,
                            %w: !tile.packed<1x32x8xf32, columns = 2>, %r: memref<?xi32>, %c: memref<1x16xbf16>,
                            %o: memref<?x16xbf16>) attributes {rt.kernel, tile.isa = "avx2"} {
  tile.panel_product %begin to %end of %n packed(%a : memref<?xf32>) slabs(%w : !tile.packed<1x32x8xf32, columns = 2>)
      row_args(%r : memref<?xi32>) col_args(%c : memref<1x16xbf16>) outs(%o : memref<?x16xbf16>) epilogue {
  ^bb0(%gate: f32, %up: f32, %row: i32, %col: bf16):
    %zero = arith.constant 0.0 : f32
    %0 = arith.cmpf ogt, %gate, %zero : f32
    %1 = arith.select %0, %up, %zero : f32
    %2 = arith.sitofp %row : i32 to f32
    %3 = arith.extf %col : bf16 to f32
    %4 = arith.addf %1, %2 : f32
    %5 = arith.addf %4, %3 : f32
    %6 = arith.truncf %5 : f32 to bf16
    tile.yield %6 : bf16
  }
  return
}

// -----

func.func private @no_level(%n: index, %end: index, %x: memref<?x64xf32>, %a: memref<?xf32>) attributes {rt.kernel} {
  // expected-error @+1 {{stands in no function of an instruction-set level; run clone-isa-levels first}}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xf32>) into(%a : memref<?xf32>) depth(%n)
  return
}

// -----

// expected-error @+1 {{unknown instruction-set level 'sse9'}}
func.func private @unknown_level(%n: index, %end: index, %x: memref<?x64xf32>, %a: memref<?xf32>) attributes {rt.kernel, tile.isa = "sse9"} {
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xf32>) into(%a : memref<?xf32>) depth(%n)
  return
}

// -----

// Units of 48 rows, the stack at the function's entry; keys are transposed 16 x 16 into a panel, scores get scale and
// bounds, weights are exponentials that replace them, values are copied into the panel.
// CHECK-LABEL: func.func private @attention
// CHECK-SAME: %[[Q:[a-z0-9]+]]: memref<?x4x?x64xf32>, %[[K:[a-z0-9]+]]: memref<?x2x?x64xf32>, %[[V:[a-z0-9]+]]: memref<?x2x?x40xbf16>
// CHECK-COUNT-6: memref.alloca
// CHECK: scf.for
// CHECK: vector.load %[[Q]]
// CHECK-COUNT-16: vector.load %[[K]]{{.*}} vector<16xf32>
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store
// CHECK: scf.index_switch
// CHECK: func.call @panel_f32_avx512_m1_stride64
// CHECK: func.call @panel_f32_avx512_m12_stride64
// CHECK: arith.cmpi slt, %{{.*}} : vector<16xi32>
// CHECK: arith.mulf %{{.*}} : vector<16xf32>
// CHECK: arith.select
// CHECK: scf.if
// CHECK: math.exp
// CHECK-COUNT-4: math.exp
// CHECK-NOT: math.exp
// CHECK: vector.load %[[V]]{{.*}} vector<16xbf16>
// CHECK: vector.maskedload %[[V]]
// CHECK: func.call @panel_f32_avx512_m1_stride64
// CHECK: arith.divf
// CHECK: vector.store
// CHECK: vector.maskedstore

// Rows of the product lie 64 elements apart.
// CHECK-LABEL: func.func private @panel_f32_avx512_m2_stride64(
// CHECK: scf.for
// CHECK: %[[STRIDE:.*]] = arith.constant 64 : index
// CHECK: %[[SECOND:.*]] = arith.addi %{{.*}}, %[[STRIDE]]
// CHECK: memref.load %{{.*}}[%[[SECOND]]]
func.func private @attention(%begin: index, %end: index, %q: memref<?x4x?x64xf32>, %k: memref<?x2x?x64xf32>,
                             %v: memref<?x2x?x40xbf16>, %o: memref<?x4x?x40xf32>)
    attributes {rt.kernel, tile.isa = "avx512"} {
  tile.attention_rows %begin to %end query(%q : memref<?x4x?x64xf32>) key(%k : memref<?x2x?x64xf32>)
      value(%v : memref<?x2x?x40xbf16>) outs(%o : memref<?x4x?x40xf32>) {scale = 0.125 : f32, right_window = 0}
  return
}
