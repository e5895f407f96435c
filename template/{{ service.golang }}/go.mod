// A starter that counts its visitors. Replace it with your own service.
module service

go 1.24
