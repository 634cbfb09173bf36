;; Dot products of one int8 vector with many, sixteen lanes at a step. Values lie in -127..127, so a lane's sum of
;; products fits 32 bits up to 130,000 dimensions.
(module
  (memory (export "memory") 2)
  (func (export "dotProducts")
    (param $query i32) (param $rows i32) (param $count i32) (param $stride i32) (param $out i32)
    (local $lane i32) (local $end i32) (local $x v128) (local $y v128) (local $sum v128)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $row
        (br_if $done (i32.ge_u (local.get $out) (local.get $end)))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (local.set $lane (i32.const 0))
        (loop $step
          (local.set $x (v128.load (i32.add (local.get $query) (local.get $lane))))
          (local.set $y (v128.load (i32.add (local.get $rows) (local.get $lane))))
          (local.set $sum
            (i32x4.add (local.get $sum)
              (i32x4.add
                (i32x4.extadd_pairwise_i16x8_s (i16x8.extmul_low_i8x16_s (local.get $x) (local.get $y)))
                (i32x4.extadd_pairwise_i16x8_s (i16x8.extmul_high_i8x16_s (local.get $x) (local.get $y))))))
          (local.set $lane (i32.add (local.get $lane) (i32.const 16)))
          (br_if $step (i32.lt_u (local.get $lane) (local.get $stride))))
        (i32.store (local.get $out)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
            (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
        (local.set $rows (i32.add (local.get $rows) (local.get $stride)))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (br $row)))))
